"""What the workbook can do, in parts: one method a verb."""
