"""What may stand in the body of a request: members, kinds of values, enumerations, by resource type."""
