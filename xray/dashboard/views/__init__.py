"""What fills the pages: a module a page, or a folder a page with a module a section."""
