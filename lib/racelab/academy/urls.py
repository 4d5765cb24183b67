"""Addresses of the academy project."""

from django.contrib import admin
from django.urls import path

from racelab.academy import views

urlpatterns = [
    path("api/users/register/", views.register),
    path("api/users/invitations/", views.invite),
    path("api/users/invitations/accept/", views.accept),
    path("api/users/guide-applications/", views.apply_as_guide),
    path("api/users/guide-applications/<int:key>/approve/", views.approve),
    path("admin/", admin.site.urls),
]
