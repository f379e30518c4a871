"""What fills the terminal: the overview, and the dialogs over it."""
