"""Where the kernel keeps its records: adapters of the `JobStore` port."""
