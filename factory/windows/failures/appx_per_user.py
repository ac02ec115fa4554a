"""An Appx package is installed for a user and not provisioned for all.

The store updates packages for the user who is logged in, and installers register their own. Sysprep stops
in its validation: nothing is generalized yet, and the image state stays IMAGE_STATE_COMPLETE.
"""

from factory.windows.failure import Failure

FAILURE = Failure(
    signature=r"Package (?P<package>\S+) was installed for a user, but not provisioned for all users",
    cause="the Appx package {package} is installed for a user and not provisioned for all",
    remedy=(
        "add mend: remove_user_appx to the recipe, or Remove-AppxPackage -AllUsers -Package it on the "
        "source; keep the store from updating (AutoDownload=2)"
    ),
    source="from a public log",
    citation=(
        "https://github.com/actions/runner-images/issues/14499, "
        "https://github.com/microsoft/winget-cli/issues/5599"
    ),
)
