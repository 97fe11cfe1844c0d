"""What is on record, read for a person, a monitor or an alert. Changes nothing."""
