"""All knowledge of golden images: recipes, plans, catalogues, Azure clients, guest shells, the run record."""
