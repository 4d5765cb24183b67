"""Addresses of the website project."""

from django.urls import path

from racelab.website import views

urlpatterns = [
    path("api/v1/accounts/register", views.register),
    path("api/v1/accounts/login", views.log_in),
    path("api/v1/orders", views.order),
    path("api/v1/comments", views.comment),
]
