"""attendance: staff sign in and out with a barcode. A signal and the registration view both make the staff row."""
