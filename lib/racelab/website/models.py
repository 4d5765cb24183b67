"""Accounts, and the orders and comments that belong to them."""

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils import timezone


class Account(AbstractBaseUser):
    username = models.CharField(max_length=150, unique=True)
    email = models.CharField(max_length=254, unique=True)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    objects = BaseUserManager["Account"]()


class Order(models.Model):
    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    article = models.CharField(max_length=100)
    created_at = models.DateTimeField(auto_now_add=True)


class Comment(models.Model):
    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
