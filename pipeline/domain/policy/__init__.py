"""What a policy is: dated tables that a bureau may change, read, checked and made ready to judge by."""
