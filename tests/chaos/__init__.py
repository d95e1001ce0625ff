"""Kill -9 at random moments of changes to knowledge bases, and look whether anything was lost or torn."""
