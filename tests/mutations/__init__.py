"""Guards broken one by one: each break must fail the test that is named for it (docs/adr/0016)."""
