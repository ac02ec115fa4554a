"""Storage accounts: Microsoft.Storage's control plane, over Azurite as the blob service itself."""
