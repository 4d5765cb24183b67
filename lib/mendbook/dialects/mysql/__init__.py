"""What is particular to MySQL 8 and MariaDB."""
