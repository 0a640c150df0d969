"""Tools that know no users and no games."""
