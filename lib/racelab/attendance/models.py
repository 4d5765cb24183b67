"""Staff and their comings and goings. The code believes in one staff row a user; the legacy table does not insist."""

from django.conf import settings
from django.db import models


class Staff(models.Model):
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    department = models.CharField(max_length=100, blank=True, default="")
    phone = models.CharField(max_length=30, blank=True, default="")
    barcode = models.CharField(max_length=20, null=True, blank=True, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "staff"

    def __str__(self) -> str:
        return f"{self.user} ({self.barcode or 'no barcode'})"


class SignIn(models.Model):
    """One passage: who was scanned, by whom, in which direction."""

    staff = models.ForeignKey(Staff, on_delete=models.CASCADE)
    scanned_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    direction = models.CharField(max_length=3, choices=[("in", "in"), ("out", "out")])
    at = models.DateTimeField(auto_now_add=True)
