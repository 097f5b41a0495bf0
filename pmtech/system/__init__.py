"""A system as a value: composition, plan, mean rates, files."""

from pmtech.system import joining as joining  # hands `>>` down
