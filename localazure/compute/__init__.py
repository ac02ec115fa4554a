"""Virtual machines and what belongs to them: images, restore points, run commands, sizes, quotas."""
