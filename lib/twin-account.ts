/** No AWS account has this number: what is synthesized for it runs in the twin or nowhere. */
export const twinAccount = '000000000000';
