"""What the delivery asks of AWS beside deploying: what is deployed, where its review lies, and whether it drifted."""
