"""What a person does with an arm: stop it, and clear the stop."""
