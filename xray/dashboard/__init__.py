"""What the pages share. Of the library, only this package imports streamlit."""
