"""The calls over HTTP, one router a noun."""
