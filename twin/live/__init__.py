"""What is live: what devices say and what stands still between them."""
