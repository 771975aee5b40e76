"""Native mode: the same three services without Docker, as child processes of one command."""
