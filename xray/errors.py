"""Errors that a person understands: one sentence that says what is wrong and what to do."""


class XrayError(Exception):
    """Base of every error this library raises on purpose.

    The message is shown to people as it is (page and command line alike), so it is
    one clear sentence that ends in what to do. The command line exits with code 2.
    """


class FilmError(XrayError):
    """A file could not be used as a film."""


class DatasetError(XrayError):
    """A folder, table, split or list of films could not be used."""


class ModelError(XrayError):
    """A model or its card could not be used."""


class ArtifactError(XrayError):
    """A stored result is missing, damaged, or does not belong to what it claims."""


class FolderError(ArtifactError, IsADirectoryError):
    """A folder stands where a file is to be written; an OSError for who does without the file."""


class ModelWarning(UserWarning):
    """A model does not do what its options say, as far as films at hand tell."""


class Stopped(XrayError):
    """Long work was stopped by the person who started it."""


class LabelError(XrayError):
    """Labels made by people could not be read, saved or exchanged."""


class AccessError(XrayError):
    """A visitor could not be told from others."""
