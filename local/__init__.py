"""The same delivery and the same stage on this machine, with no AWS account."""
