"""The library's entrance: `Client` and `AsyncClient`, on the port `SystemApi` only."""
