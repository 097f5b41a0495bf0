"""A system as a value: composition, plan, mean rates, files."""
