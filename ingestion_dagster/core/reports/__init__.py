"""What is told of a list to a person or a program: inspections, differences, the way of a price."""
