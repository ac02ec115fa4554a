"""The machine of the model: what a Windows disk holds, as one document, and what runs while it is on."""
