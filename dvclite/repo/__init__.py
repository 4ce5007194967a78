"""What users intend, one method each: the part of dvclite that scripts import."""
