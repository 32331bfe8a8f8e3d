# Accounts and tokens; the same whether a server holds the folder or not.
$ sh -c '"$SLIPWAY" init --root-key root.key >/dev/null 2>&1 && rm root.key'
$ slipway user list
> USER  ROLE  TOKENS  STATE
$ slipway user set ada --role release-manager
> user  ada  release-manager
$ slipway user set bob --role king
! slipway: 'king' is no role: reader, developer, code-owner, release-manager or admin
= 1
$ slipway user disable nobody
! slipway: there is no account 'nobody'
= 1
$ slipway user list
> USER  ROLE             TOKENS  STATE
> ada   release-manager  0       active
$ slipway user disable ada
> user ada is refused from now on
$ slipway user list
> USER  ROLE             TOKENS  STATE
> ada   release-manager  0       disabled
$ slipway token revoke 7
! slipway: there is no token 7 that could be revoked
= 1
$ slipway token revoke seven
! slipway: 'seven' is no id of a token
! hint: see 'slipway help token revoke'
= 2
$ slipway token create 'not a name'
! slipway: 'not a name' is no name of an account: 1 to 64 letters, digits and ._-@
= 1
$ slipway token create ada --expires soon
! slipway: 'soon' is no time like 90d or 12h
! hint: see 'slipway help token create'
= 2
