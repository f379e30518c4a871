"""What BTCTurk sends, as strict types: the only place that knows its spellings (API.md)."""
