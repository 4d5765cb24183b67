"""The forms people fill in."""

from django import forms


class AccountForm(forms.Form):
    username = forms.CharField(max_length=150, strip=False)
    email = forms.CharField(max_length=254, strip=False)
    password = forms.CharField(widget=forms.PasswordInput)


class ProfileForm(forms.Form):
    phone_number = forms.CharField(max_length=30)
    address = forms.CharField(max_length=250)
    company = forms.CharField(max_length=150, required=False)


class CustomerForm(ProfileForm, AccountForm):
    """Everything about a customer at once."""


class StaffForm(AccountForm):
    employee_id = forms.CharField(max_length=30)
    department = forms.CharField(max_length=100)


class ShipmentForm(forms.Form):
    goods = forms.CharField(max_length=100)
