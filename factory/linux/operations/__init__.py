"""Operations on Linux guests, one a file; the folder is the list."""
