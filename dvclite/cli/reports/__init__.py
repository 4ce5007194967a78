"""How results read: what commands tell when they are done."""
