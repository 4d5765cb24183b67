"""The two kinds of profile, and the shipments and invoices that hang on customers."""

from django.conf import settings
from django.db import models


class CustomerProfile(models.Model):
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    phone_number = models.CharField(max_length=30, blank=True, default="")
    address = models.CharField(max_length=250, blank=True, default="")
    company = models.CharField(max_length=150, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)


class StaffProfile(models.Model):
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    employee_id = models.CharField(max_length=30, blank=True, default="")
    department = models.CharField(max_length=100, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)


class Shipment(models.Model):
    customer = models.ForeignKey(CustomerProfile, on_delete=models.CASCADE)
    booked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    goods = models.CharField(max_length=100)
    created_at = models.DateTimeField(auto_now_add=True)


class Invoice(models.Model):
    """Written by the billing system, which knows the customer's user only as a number."""

    customer_ref = models.BigIntegerField()
    shipment = models.ForeignKey(Shipment, null=True, on_delete=models.SET_NULL)
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "billing_invoice"
