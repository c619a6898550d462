"""What the benchmarks share: measuring a command with its children, and keeping the result."""
