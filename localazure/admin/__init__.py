"""The server's own surface beside Azure's: status, processes, log, shutdown."""
