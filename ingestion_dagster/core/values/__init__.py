"""One cell's text or number as a value: text, price, currency, stock, barcode. Knows no columns and no header words."""
