"""The only package that calls AWS. Answers of AWS become this project's errors here."""
