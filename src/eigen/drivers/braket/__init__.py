"""`braket:local`: Amazon Braket's default simulator, by OpenQASM 3. Only `engine` imports it, and only in workers."""
