"""What draws: widgets that repaint only the lines that changed."""
