"""The policy pack: rules on Azure resources, whatever program and components created them."""
