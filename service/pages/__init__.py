"""The dashboard: pages that the server makes whole, over the same store and jobs as the calls. No network, no framework."""
