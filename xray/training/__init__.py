"""From a recipe to a model, and the ledger of all trainings."""
