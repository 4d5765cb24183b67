"""logistics: customers and staff of an asset-logistics firm. A signal makes a blank profile before the form can."""
