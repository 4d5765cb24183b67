"""academy: a learning platform's JSON API. The view's update-or-create of the profile races the signal's create."""
