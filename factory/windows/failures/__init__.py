"""One file per known way in which Sysprep fails: signature, cause, remedy, source."""
