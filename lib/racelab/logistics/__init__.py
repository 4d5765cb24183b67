"""logistics: customers and staff of an asset-logistics firm. A signal makes blank customer profiles before the form can."""
